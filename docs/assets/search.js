// Sphinx finds pages that have all words of a query. Here every section is found that has most of
// them (docs/search_index.py), and the best one of each page stands before the others.
const SAME = [
  ["plot", "draw", "figure", "picture"], ["export", "save", "write"], ["import", "load", "read"],
  ["custom", "own"], ["duplicate", "merge", "same"], ["cuda", "nvidia", "gpu"], ["ram", "memory"],
  ["ode", "flow", "continuous"], ["oscillation", "oscillate", "cycle", "periodic"], ["hpc", "slurm", "cluster"],
  ["jupyter", "notebook", "ipython"], ["licence", "license"], ["spurious", "false"], ["crash", "error"], ["conda", "pip", "install", "requirements"],
  ["csv", "table"], ["recording", "recorded", "spike", "neural"], ["converge", "learn"], ["parallel", "cores", "workers"], ["validation", "benchmark"], ["zero", "no"],
];

document.addEventListener("DOMContentLoaded", () => {
  if (typeof Search === "undefined") return;
  // From the disk no page may read another one, not even for a summary.
  if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
  const stemmer = new Stemmer();
  const stem = word => stemmer.stemWord(word);
  const alike = new Map();
  for (const group of SAME.map(words => words.map(stem))) {
    for (const word of group) alike.set(word, group.filter(other => other !== word));
  }
  const entries = word => Object.hasOwn(WORDS, word) ? WORDS[word] : [];

  Search._performSearch = query => {
    const words = splitQuery(query.toLowerCase()).filter(word => !stopwords.has(word)).map(stem);
    const scores = new Map();
    for (const word of new Set(words)) {
      const best = new Map(entries(word));
      for (const other of alike.get(word) ?? []) {
        for (const [k, worth] of entries(other)) best.set(k, Math.max(best.get(k) ?? 0, worth / 2));
      }
      for (const [k, worth] of best) {
        const [score, count] = scores.get(k) ?? [0, 0];
        scores.set(k, [score + worth, count + 1]);
      }
    }
    const ranked = [...scores]
      .map(([k, [score, count]]) => [k, score * count / words.length])
      .sort((a, b) => b[1] - a[1]);
    const seen = {};
    const results = ranked.map(([k, score]) => {
      const [page, address, title] = SECTIONS[k];
      const before = seen[page] = (seen[page] ?? 0) + 1;
      const anchor = address.includes("#") ? address.slice(address.indexOf("#")) : "";
      return [page, title, anchor, null, score / before, `${page}.md`, "title"];
    });
    return results.sort((a, b) => a[4] - b[4]).slice(-50);  // the last one is shown first
  };
});

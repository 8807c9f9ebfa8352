// Sphinx finds the pages that have all words of a query, and ranks each by its best word. Here every
// heading is found, and stands the higher, the more of the words it has, and its page: rare words
// count more, and pages for developers less.
document.addEventListener("DOMContentLoaded", () => {
  if (typeof Search === "undefined") return;
  // From the disk no page may read another one, not even for a summary.
  if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
  const stemmer = new Stemmer();
  const files = (terms, word) => [Object.hasOwn(terms, word) ? terms[word] : []].flat();

  Search._performSearch = (query, words, excluded, highlighted, names) => {
    const { docnames, filenames, titles, alltitles, terms, titleterms } = Search._index;
    const found = [...words].map(word => {
      const pages = new Set([...files(terms, word), ...files(titleterms, word)]);
      return { word, pages, weight: Math.log(1 + docnames.length / (1 + pages.size)) };
    });
    const total = found.reduce((sum, { weight }) => sum + weight, 0);
    const share = is => found.reduce((sum, each) => sum + (is(each) ? each.weight / total : 0), 0);

    const results = [];
    for (const [title, places] of Object.entries(alltitles)) {
      const all = splitQuery(title.toLowerCase()).filter(word => !stopwords.has(word));
      const heading = new Set(all.map(word => stemmer.stemWord(word)));
      const inHeading = share(({ word }) => heading.has(word));
      const alike = found.filter(({ word }) => heading.has(word)).length / (heading.size || 1);
      for (const [file, id] of places) {
        const onPage = share(({ pages }) => pages.has(file));
        if (onPage < 0.5 || (id && !inHeading)) continue;
        const aside = /^docs\/(?!development)/.test(docnames[file]) ? 0 : 0.5;
        const whole = id ? 0 : 0.2;
        const score = 2 * inHeading * Math.sqrt(alike) + onPage + whole - aside;
        const shown = id ? `${titles[file]} > ${title}` : title;
        const anchor = id ? `#${id}` : "";
        results.push([docnames[file], shown, anchor, null, score, filenames[file], "title"]);
      }
    }
    for (const name of names) {
      for (const result of Search.performObjectSearch(name, names)) {
        result[4] = result[4] > Scorer.objNameMatch ? 3.5 : 1;
        results.push(result);
      }
    }
    return results.sort((a, b) => a[4] - b[4]);  // the last one is shown first
  };
});

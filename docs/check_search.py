"""Ask the built site's search in Chromium, from the disk: `python docs/check_search.py site`.

The page that answers has to stand among the first three. Only the standard library is needed.
"""

import html
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote_plus

ANSWERS = {
    "install": "docs/index.html#install",
    "install CUDA GPU": "docs/how-to/faq.html#does-it-use-my-gpu",
    "how do I cite it": "docs/how-to/faq.html#how-do-i-cite-it",
    "LSTM no fixed point": "docs/how-to/faq.html#my-lstm-has-no-fixed-point-why",
    "FixedPointFinder": "docs/how-to/coming-from-another-tool.html#fixedpointfinder-and-rnntoolkit",
    "float32": "docs/how-to/faq.html#float32-or-float64",
    "what is a slow point": "docs/explanation/concepts.html#slow-point",
    "load PyTorch weights": "docs/how-to/networks-made-elsewhere.html#from-a-file-without-pytorch",
    "custom rnn": "docs/how-to/faq.html#can-i-use-a-custom-rnn-as-a-function-of-my-own",
    "export to matlab": "docs/how-to/results-in-matlab-and-julia.html",
    "training not converging": "docs/how-to/faq.html#my-network-does-not-learn",
    "neural data": "docs/how-to/faq.html#i-have-neural-data-and-no-task-what-can-i-do",
    "seed": "docs/tutorial/first-run.html#other-seeds",
    "limit cycle period": "docs/reference/docstrings/cycles.html",
    "page on my own network": "docs/how-to/a-page-on-your-network.html",
    "find_fixed_points": "docs/reference/docstrings/fixed-points.html#sx.find_fixed_points",
}
RESULT = re.compile(r'<li class="kind-\w+"[^>]*><a href="([^"]+)"')
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=20000")


def found(site: Path, query: str) -> list[str]:
    """Return where the results of a query lead, the first one first."""
    address = f"{(site / 'search.html').resolve().as_uri()}?q={quote_plus(query)}"
    shown = subprocess.run(
        ["chromium", *FLAGS, "--dump-dom", address], capture_output=True, text=True, check=True
    ).stdout
    return [html.unescape(link) for link in RESULT.findall(shown)]


def main(site: Path) -> int:
    """Print what the search does not find; return how many queries these are."""
    wrong = 0
    for query, answer in ANSWERS.items():
        first = found(site, query)[:3]
        if answer not in first:
            wrong += 1
            print(f"{query}: {answer} is not among {first}")  # noqa: T201
    return wrong


if __name__ == "__main__":
    sys.exit(f"{count} queries fail" if (count := main(Path(sys.argv[1]))) else 0)

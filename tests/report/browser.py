"""The report in a real browser (`make test-report`).

`pytest tests/report/browser.py --report PATH`:
Debian's chromium opens the page without a network. A copy of it, which has a script at its end,
tells what the browser made of it. Not collected with the other tests.
"""

import html
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from claim_checker import refuted

import separatrix as sx

NOTEBOOKS = (
    "trials",  # example trials
    "training",  # loss and accuracy
    "activity",  # PCA: all trials, and a few by choice
    "condition_averages",  # the paper's own figure
    "fixed_points",  # fixed and slow points in the same plane
    "spectrum",  # eigenvalues and the boundary of stability
    "line_attractor",  # the leading eigenvector through the point
)
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--enable-logging=stderr",
    "--window-size=1280,800",
)
PROBE = """
<script>
window.addEventListener("load", () => {
  const answer = document.querySelector(".answer"), picture = document.images[0];
  const first = {answer: answer.getBoundingClientRect().bottom,
    picture: picture.getBoundingClientRect().bottom,
    here: [...document.querySelectorAll("nav a")].map(link => link.hash),
    folded: document.querySelectorAll("details.folded:not([open])").length};
  document.querySelectorAll("details").forEach(one => { one.open = true; });
  const images = [...document.images].map(image => ({
    section: image.closest("section, details")?.id,
    width: image.naturalWidth, shown: image.clientWidth,
    height: image.naturalHeight, complete: image.complete, alt: image.alt,
    data: image.currentSrc.startsWith("data:")}));
  const loaded = performance.getEntriesByType("resource").map(entry => entry.name.slice(0, 80));
  const told = {images, first, loaded: loaded.filter(name => !name.startsWith("data:")),
    page: document.documentElement.scrollWidth, window: window.innerWidth,
    headings: [...document.querySelectorAll("h2")].filter(h => h.clientHeight > 0).length,
    rows: document.querySelectorAll("#data tr").length};
  document.body.dataset.probe = JSON.stringify(told);
});
</script>
"""


@pytest.fixture(scope="module")
def report(request):
    given = request.config.getoption("--report")
    if not given:
        pytest.skip("no report was given: pytest tests/report/browser.py --report PATH")
    path = Path(given).resolve()
    assert path.is_file(), f"{path} does not exist; `separatrix run` writes one"
    return path


@pytest.fixture(scope="module")
def browser():
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if not found:
        pytest.skip("there is no chromium here: apt-get install chromium")
    return found


def chromium(browser, profile, page, *flags):
    """Run the browser on a page, and return what it wrote to stdout and to stderr."""
    command = [browser, *FLAGS, f"--user-data-dir={profile}", *flags, page.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout, done.stderr


@pytest.fixture(scope="module")
def opened(report, browser, tmp_path_factory):
    """What the browser tells of the page, and what it logged."""
    directory = tmp_path_factory.mktemp("browser")
    copy = directory / "report.html"
    copy.write_text(report.read_text("utf-8").replace("</body>", PROBE + "</body>"), "utf-8")
    page, log = chromium(browser, directory / "profile", copy, "--dump-dom")
    probe = re.search(r'data-probe="([^"]*)"', page)
    assert probe, "the page did not finish loading"
    return json.loads(html.unescape(probe.group(1))), log


@pytest.mark.parametrize("section", NOTEBOOKS)
def test_every_figure_of_the_notebooks_is_decoded(opened, section):
    images = [image for image in opened[0]["images"] if image["section"] == section]
    assert len(images) == 1
    (image,) = images
    assert image["complete"]
    assert image["data"]
    assert image["width"] > 300
    assert image["height"] > 300
    assert image["shown"] > 200
    assert image["alt"]


def test_nothing_outside_the_file_is_loaded(opened, report):
    assert opened[0]["loaded"] == []
    text = re.sub(r"data:image/png;base64,[A-Za-z0-9+/=]*", "", report.read_text("utf-8"))
    assert not re.search(r"""(?:src|href)\s*=\s*["'](?![#"'])|@import|url\(|https?:""", text)


def test_the_console_stays_silent(opened):
    assert [line for line in opened[1].splitlines() if "CONSOLE" in line] == []


def test_the_page_is_laid_out(opened):
    told = opened[0]
    assert told["page"] <= told["window"], "the page scrolls sideways"
    assert told["headings"] >= len(NOTEBOOKS)
    assert told["rows"] >= 5


def test_the_answer_and_its_picture_are_seen_without_scrolling(opened):
    first = opened[0]["first"]
    assert 0 < first["answer"] < first["picture"] <= 800
    assert first["here"][:2] == ["#answer", "#held"] and first["folded"] >= 10


def test_no_claim_of_the_verdict_is_refuted(report):
    """Those that the tutorial quotes: another program follows the states again."""
    run = sx.load_run(report.parent)
    system = run.network.at_input(run.frozen_inputs.values[0])
    assert refuted(run.verdict, system) == []

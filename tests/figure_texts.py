"""The texts of a figure: where they are drawn, how large, and that none covers another."""

from matplotlib.text import Text

from separatrix.figures.style import PAGE_WIDTH

SMALLEST = 7.0
"""In points, where a figure that is too wide for a page has been made to fit."""


def texts(figure):
    """All texts that are drawn, and where they are in pixels."""
    axes = [(axis, p.axison) for p in figure.axes for axis in (p.xaxis, p.yaxis)]
    # an axis also keeps ticks beyond its limits, which it does not draw
    kept = {id(t) for axis, _ in axes for t in axis.get_ticklabels(which="both")}
    ticks = [tick for axis, shown in axes if shown for tick in axis._update_ticks()]
    drawn = {id(label) for tick in ticks for label in (tick.label1, tick.label2)}
    found = [t for t in figure.findobj(Text) if t.get_visible() and t.get_text().strip()]
    found = [t for t in found if id(t) in drawn or id(t) not in kept]
    return [(t.get_text(), t.get_window_extent()) for t in found]


def assert_texts_are_clear(figure):
    """No text leaves the figure or covers another one."""
    width, height = figure.bbox.size
    boxes = texts(figure)
    for text, box in boxes:
        # rotated and mathematical texts have a pixel of slack
        assert box.x0 > -2 and box.y0 > -2, text
        assert box.x1 < width + 2 and box.y1 < height + 2, text
    for i, (text, box) in enumerate(boxes):
        for other, another in boxes[i + 1 :]:
            across = min(box.x1, another.x1) - max(box.x0, another.x0)
            along = min(box.y1, another.y1) - max(box.y0, another.y0)
            assert across < 2 or along < 2, (text, other)


def assert_letters_are_readable(figure):
    """No letters of a figure are too small on a page, to whose width it shrinks."""
    shrunk = min(1.0, PAGE_WIDTH / figure.get_size_inches()[0])
    for text in figure.findobj(Text):
        if text.get_visible() and text.get_text().strip():
            assert shrunk * text.get_fontsize() >= SMALLEST, text

"""Sliders for PDFs in a notebook: a reduction whose background scale, rpoly and Qmax follow them, and a simulated G(r).

Where a notebook has no widgets the same object shows a picture, and elsewhere a line of text; `Explorer.set` does what a slider does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape
from typing import TYPE_CHECKING, Any

from .errors import InputError
from .notebook import shows_widgets

if TYPE_CHECKING:
    from .pattern import Pattern
    from .pdf.reduce import Reduction
    from .pdf.reduction_settings import ReductionSettings
    from .pdf.simulate import PdfPhase, PdfSettings, SimulatedPdf
    from .plot.pdf_live import LivePicture
    from .structure import Structure

__all__ = ["Explorer", "Slider", "explore_pdf", "explore_reduction"]


@dataclass(frozen=True)
class Slider:
    """A number to move: what it is called, where it starts, its ends and step."""

    name: str
    label: str
    value: float
    low: float
    high: float
    step: float


class Explorer:
    """Something that is calculated anew for each position of its sliders.

    At the end of a cell it shows sliders and picture; without widgets the picture alone, and on a terminal its text.

    Parameters
    ----------
    sliders : sequence of Slider
        What can be changed.
    calculate : callable
        Gives what is explored for the values of the sliders by name.
    picture : LivePicture
        Follows what was calculated by ``update``.
    describe : callable
        A line of text for what was calculated.

    Attributes
    ----------
    made : Any
        What was calculated last: a `Reduction`, or a `SimulatedPdf`.
    values : dict of float
        Where the sliders are.
    message : str
        Why the last values could not be used; empty when they could. Picture and `made` are then those before.
    """

    def __init__(
        self, sliders: Sequence[Slider], calculate: Callable[[Mapping[str, float]], Any], picture: Callable[[Any], LivePicture],
        describe: Callable[[Any], str],
    ) -> None:  # fmt: skip
        self.sliders = {slider.name: slider for slider in sliders}
        self.values = {slider.name: slider.value for slider in sliders}
        self._calculate, self._describe = calculate, describe
        self.made = calculate(self.values)
        self._picture = picture(self.made)
        self.message = ""

    def set(self, **values: float) -> Explorer:
        """Move sliders by name, and calculate.

        Raises
        ------
        InputError
            No slider is called so, or the values can't be used.
        """
        unknown = [name for name in values if name not in self.sliders]
        if unknown:
            raise InputError(
                f"slider {unknown[0]!r};", where="explorer", remedy=f"there are {', '.join(self.sliders)}."
            )
        wanted = {**self.values, **{name: float(value) for name, value in values.items()}}
        self.made = self._calculate(wanted)
        self.values, self.message = wanted, ""
        self._picture.update(self.made)  # type: ignore[attr-defined]
        return self

    def png(self) -> bytes:
        """The picture as it is now."""
        return self._picture.png()

    def text(self) -> str:
        """Positions of the sliders and what they give."""
        places = ", ".join(f"{name} {value:g}" for name, value in self.values.items())
        return f"{places}: {self.message or self._describe(self.made)}"

    __repr__ = text

    def _repr_html_(self) -> str:
        import base64

        data = base64.b64encode(self.png()).decode()
        return f'<figure><img alt="{escape(self.text())}" style="max-width:100%" src="data:image/png;base64,{data}"><figcaption>{escape(self.text())}</figcaption></figure>'

    def _ipython_display_(self) -> None:
        from IPython.display import HTML, display

        display(self.widget() if shows_widgets() else HTML(self._repr_html_()))  # type: ignore[no-untyped-call]

    def widget(self) -> Any:
        """Sliders, text and picture as an ipywidgets box.

        Raises
        ------
        ImportError
            ipywidgets isn't installed.
        """
        from ipywidgets import HTML, FloatSlider, Image, VBox

        line, image = HTML(escape(self.text())), Image(value=self.png(), format="png")
        moved = {
            slider.name: FloatSlider(value=self.values[slider.name], min=slider.low, max=slider.high, step=slider.step,
                                     description=slider.label, continuous_update=True)
            for slider in self.sliders.values()
        }  # fmt: skip

        def follow(change: Any) -> None:
            try:
                self.set(**{name: widget.value for name, widget in moved.items()})
                image.value = self.png()
            except InputError as error:
                self.message = str(error)
            line.value = escape(self.text())

        for widget in moved.values():
            widget.observe(follow, "value")
        return VBox([*moved.values(), line, image])


def explore_reduction(
    data: Pattern, settings: ReductionSettings, background: Pattern | None = None, *, background_scale: tuple[float, float] = (0.0, 2.0),
    r_poly: tuple[float, float] = (0.5, 2.0), q_max: tuple[float, float] | None = None,
) -> Explorer:  # fmt: skip
    """Sliders for a reduction, with what is left at low r as the guide.

    Parameters
    ----------
    data, settings, background
        As for `xtal.pdf.reduce.reduce_pattern`. With a number density the misfits are those of `scan_reduction`, else the scatter about
        a line of free slope is shown.
    background_scale, r_poly, q_max : (float, float), optional
        Ends of the sliders; Å and Å⁻¹. Of Qmax by default the upper half of the data. There is a slider for the background only with
        a background, and for rpoly only where the settings have one.

    Returns
    -------
    Explorer
        `made` is the `Reduction`; its settings are what `xtal pdf reduce` takes.

    Raises
    ------
    InputError
        What `reduce_pattern` raises for the settings given.
    """
    from .pdf.reduce import reduce_pattern
    from .plot.pdf_live import LiveReduction

    def calculate(values: Mapping[str, float]) -> Reduction:
        return reduce_pattern(data, settings.changed(**values), background)

    first = calculate({})
    top = float(settings.q_max or first.fq.x[-1])
    low, high = q_max or (0.5 * top, float(first.fq.x[-1]))
    sliders = [Slider("q_max", "Qmax (1/Å)", top, low, high, 0.1)]
    if settings.r_poly is not None:
        sliders.insert(0, Slider("r_poly", "rpoly (Å)", settings.r_poly, *r_poly, 0.05))
    if background is not None:
        sliders.insert(0, Slider("background_scale", "background", settings.background_scale, *background_scale, 0.01))
    return Explorer(sliders, calculate, LiveReduction, _low_r_text)


def _low_r_text(made: Reduction) -> str:
    from .pdf.reduction_scan import misfits

    if made.settings.number_density is None:
        return (f"misfit {made.low_r.misfit:.3f} about a line of {made.low_r.number_density:.4f} atoms/Å³ "
                f"over r < {made.low_r.cut:.2f} Å; give a density for a better guide")  # fmt: skip
    slow, full = misfits(made, made.settings.r_cut or made.low_r.cut)
    return f"slow misfit {slow:.3f}, full misfit {full:.3f} over r < {made.settings.r_cut or made.low_r.cut:.2f} Å"


def explore_pdf(model: Structure | PdfPhase, settings: PdfSettings | None = None, *, r: tuple[float, float] = (0.5, 30.0),
                measured: Pattern | None = None) -> Explorer:  # fmt: skip
    """Sliders for the G(r) of a structure: size of the cell, displacements, correlated motion, resolution, Qmax, particle size.

    Parameters
    ----------
    model : Structure or PdfPhase
        What is simulated; a phase brings its start values of delta2 and diameter.
    settings : PdfSettings, optional
        Radiation and start values.
    r : (float, float)
        First and last distance, Å; that of the measured points where there are any.
    measured : Pattern, optional
        A G(r) to compare with; the model is scaled to it by least squares, and Rw is shown.

    Returns
    -------
    Explorer
        `made` is the `SimulatedPdf`. ``cell`` and ``u`` multiply the structure's cell lengths and displacement parameters; ``diameter``
        0 is a bulk crystal.
    """
    from .pdf.agreement import best_scale, rw
    from .pdf.simulate import PdfPhase, PdfSettings, simulate_pdf
    from .pdf.transform import r_grid
    from .plot.pdf_live import LiveSimulation

    phase = model if isinstance(model, PdfPhase) else PdfPhase(model)
    start = settings or PdfSettings()
    shown = (
        None if measured is None else measured.cut(max(r[0], float(measured.x[0])), min(r[1], float(measured.x[-1])))
    )
    points = r_grid(*r) if shown is None else shown.x
    sliders = [
        Slider("cell", "cell ×", 1.0, 0.97, 1.03, 0.0005),
        Slider("u", "U ×", 1.0, 0.1, 4.0, 0.05),
        Slider("delta2", "δ₂ (Å²)", phase.delta2, 0.0, 6.0, 0.1),
        Slider("q_damp", "Qdamp (1/Å)", start.q_damp, 0.0, 0.1, 0.001),
        Slider("q_max", "Qmax (1/Å)", start.q_max, 0.0, 40.0, 0.5),
        Slider("diameter", "diameter (Å)", phase.diameter or 0.0, 0.0, 200.0, 1.0),
    ]

    def calculate(values: Mapping[str, float]) -> SimulatedPdf:
        moved = replace(phase, structure=_scaled(phase.structure, values["cell"], values["u"]), delta2=values["delta2"],
                        diameter=values["diameter"] or None)  # fmt: skip
        return simulate_pdf(moved, points, replace(start, q_damp=values["q_damp"], q_max=values["q_max"]))

    def describe(made: SimulatedPdf) -> str:
        if shown is None:
            return f"highest {made.g.max():.3g} Å⁻² at {made.r[made.g.argmax()]:.3f} Å"
        scale = best_scale(shown.intensity, made.g)
        return f"Rw {rw(shown.intensity, scale * made.g):.4f} with scale {scale:.4f}"

    title = f"Simulated PDF of {phase.structure.name}, {'X-rays' if start.probe == 'xray' else 'neutrons'}"
    return Explorer(sliders, calculate, lambda made: LiveSimulation(made, title, shown), describe)


def _scaled(structure: Structure, cell: float, u: float) -> Structure:
    """The structure with cell lengths and displacement parameters multiplied."""
    from .lattice import Lattice
    from .pdf.peak_widths import DEFAULT_U_ISO

    a, b, c, *angles = structure.lattice.parameters
    sites = [
        replace(site, u_iso=u * (DEFAULT_U_ISO if site.u_iso is None else site.u_iso))
        if site.u_aniso is None
        else replace(site, u_aniso=tuple(u * value for value in site.u_aniso))  # type: ignore[arg-type]
        for site in structure.sites
    ]
    return replace(structure, lattice=Lattice(cell * a, cell * b, cell * c, *angles), sites=tuple(sites))

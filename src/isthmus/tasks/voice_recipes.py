"""The recipes that a voice converter can follow: how each is built, and what is trained before and after it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from torch import Tensor

from isthmus.autoencoder import AutoEncoder
from isthmus.errors import OptionError
from isthmus.recipes.adain_vc import adain_vc
from isthmus.recipes.adversarial_vc import Residual, adversarial_vc
from isthmus.recipes.autovc import autovc
from isthmus.recipes.speech_sounds import speech_sounds
from isthmus.recipes.speech_units import speech_units
from isthmus.tasks.voice_training import Around
from isthmus.training.samples import Samples

__all__ = ["RECIPES", "Lesson", "VoiceRecipe", "voice_recipe"]


@dataclass(frozen=True, slots=True)
class Lesson:
    """What a converter learns from."""

    around: Around
    samples: Samples
    mels: Sequence[Tensor]
    speakers: int
    steps: int


@dataclass(frozen=True, slots=True)
class VoiceRecipe:
    """One way to keep what is said apart from who says it.

    Attributes
    ----------
    build : function, (bands, speakers, entries, sizes) -> AutoEncoder
        The sizes are keywords of the recipe: width, content.
    before, after : function, optional
        What is trained before the auto-encoder, and after it.
    has_units : bool
        Whether its code of content is a codebook.
    """

    build: Callable[[int, int, int, dict[str, int]], AutoEncoder]
    before: Callable[[AutoEncoder, Lesson], None] | None = None
    after: Callable[[AutoEncoder, Lesson], None] | None = None
    has_units: bool = False


def voice_recipe(name: str) -> VoiceRecipe:
    """Return the recipe of a name.

    Raises
    ------
    OptionError
        If there is none.
    """
    if name not in RECIPES:
        raise OptionError(f"recipe must be one of {', '.join(RECIPES)}, not {name!r}")
    return RECIPES[name]


def _speakers_first(model: AutoEncoder, lesson: Lesson) -> None:
    lesson.around.speakers(model, lesson.samples, lesson.steps // 4)


def _sounds_first(model: AutoEncoder, lesson: Lesson) -> None:
    lesson.around.sounds(model, lesson.mels, lesson.steps // 4)


def _residual_last(model: AutoEncoder, lesson: Lesson) -> None:
    model.train().requires_grad_(True)
    residual = Residual(model, speakers=lesson.speakers)
    lesson.around.learn(residual, lesson.samples, lesson.steps // 2, title="learning what is left")
    model.eval().requires_grad_(False)


RECIPES: dict[str, VoiceRecipe] = {
    "adain": VoiceRecipe(lambda bands, speakers, entries, sizes: adain_vc(bands, **sizes)),
    "adversarial": VoiceRecipe(
        lambda bands, speakers, entries, sizes: adversarial_vc(bands, speakers=speakers, **sizes), after=_residual_last
    ),
    "autovc": VoiceRecipe(lambda bands, speakers, entries, sizes: autovc(bands, **sizes), before=_speakers_first),
    "units": VoiceRecipe(
        lambda bands, speakers, entries, sizes: speech_units(bands, entries=entries, **sizes), has_units=True
    ),
    "sounds": VoiceRecipe(
        lambda bands, speakers, entries, sizes: speech_sounds(bands, entries=entries, **sizes),
        before=_sounds_first,
        has_units=True,
    ),
}

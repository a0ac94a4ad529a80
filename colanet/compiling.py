"""How numba compiles the kernels, in half the time.

numba optimises every function and turns it into machine code. Most kernels only become part of others, which are
optimised as a whole, so for them both can be left out. numba has no switch for it; where it has changed inside,
they are compiled as it does by itself.
"""

from __future__ import annotations

import gc
from typing import Any

from numba.core import codegen, compiler, compiler_machinery, event, typed_passes

_numba: Any = codegen.JITCodeLibrary, typed_passes.NativeLowering, compiler.CompilerBase
_Library, _Lowering, _Compiler = _numba
_passes: Any = compiler.DefaultPassBuilder
_events: Any = event
_register: Any = compiler_machinery.register_pass


class _Rest(event.Listener):
    """Python's collector of cycles rests while numba compiles, which makes millions of objects that stay."""

    def __init__(self) -> None:
        self.depth, self.resumes = 0, False

    def on_start(self, event: Any) -> None:
        if self.depth == 0:
            self.resumes = gc.isenabled()
            gc.disable()
        self.depth += 1

    def on_end(self, event: Any) -> None:
        self.depth -= 1
        if self.depth == 0 and self.resumes:
            gc.enable()


class Part(_Library):  # type: ignore[misc, valid-type]
    """Code of a function that only becomes part of others."""

    def _optimize_final_module(self) -> None:
        return

    def _finalize_final_module(self) -> None:
        self._finalize_dynamic_globals()
        self._finalized = True


@_register(mutates_CFG=True, analysis_only=False)
class LowerPart(_Lowering):  # type: ignore[misc, valid-type]
    """Lowering to a `Part`. Without machine code there is no place at which to note the function's globals."""

    _name = "lower_part"

    def run_pass(self, state: Any) -> bool:  # noqa: D102, numba says what it does
        maker = state.targetctx.codegen()
        state.library = Part(maker, state.func_id.func_qualname)
        state.library.enable_object_caching()
        maker.set_env = lambda name, env: None
        try:
            return bool(super().run_pass(state))
        finally:
            del maker.set_env


class PartCompiler(_Compiler):  # type: ignore[misc, valid-type]
    """numba's compiler with `LowerPart`."""

    def define_pipelines(self) -> list[Any]:  # noqa: D102
        made = _passes.define_nopython_pipeline(self.state)
        made.passes = [(LowerPart if kind is _Lowering else kind, why) for kind, why in made.passes]
        made.finalize()
        return [made]


def _is_known() -> bool:
    """Whether numba inside is what `Part` and `LowerPart` rely on."""
    relied_on = {
        _Library: ("_optimize_final_module", "_finalize_final_module", "_finalize_dynamic_globals"),
        codegen.JITCPUCodegen: ("set_env",),
    }
    return all(hasattr(kind, name) for kind, names in relied_on.items() for name in names)


_events.register("numba:compile", _Rest())
PART_OPTIONS: dict[str, Any] = {"pipeline_class": PartCompiler} if _is_known() else {}
"""Options of `numba.njit` for functions that only become part of others."""

"""How numba compiles the kernels, in half the time.

numba optimises every function and turns it into machine code. Most kernels only become part of others, which are
optimised as a whole, so for them both can be left out. numba has no switch for it; where it has changed inside,
they are compiled as it does by itself.
"""

from __future__ import annotations

import gc
from typing import Any


def rest_while_compiling() -> None:
    """Python's collector of cycles rests while numba compiles, which makes millions of objects that stay."""
    from numba.core import event

    events: Any = event

    class Rest(events.Listener):  # type: ignore[misc]
        depth, resumes = 0, False

        def on_start(self, event: Any) -> None:
            if self.depth == 0:
                self.resumes = gc.isenabled()
                gc.disable()
            self.depth += 1

        def on_end(self, event: Any) -> None:
            self.depth -= 1
            if self.depth == 0 and self.resumes:
                gc.enable()

    events.register("numba:compile", Rest())


def part_compiler() -> Any:
    """numba's compiler without what functions that only become part of others do not need.

    Raises
    ------
    AttributeError, ImportError
        If numba inside is not what this relies on.
    """
    from numba.core import codegen, compiler, compiler_machinery, typed_passes

    inside: Any = codegen.JITCodeLibrary, typed_passes.NativeLowering, compiler.CompilerBase
    library, lowering, base = inside
    register: Any = compiler_machinery.register_pass
    builder: Any = compiler.DefaultPassBuilder
    relied_on = {
        library: ("_optimize_final_module", "_finalize_final_module", "_finalize_dynamic_globals", "_finalized"),
        codegen.JITCPUCodegen: ("set_env",),
    }
    for kind, names in relied_on.items():
        for name in names:
            getattr(kind, name)

    class Part(library):  # type: ignore[misc, valid-type]
        def _optimize_final_module(self) -> None:
            return

        def _finalize_final_module(self) -> None:
            self._finalize_dynamic_globals()
            self._finalized = True

    @register(mutates_CFG=True, analysis_only=False)
    class LowerPart(lowering):  # type: ignore[misc, valid-type]
        """Lowering to a `Part`. Without machine code there is no place at which to note the function's globals."""

        _name = "lower_part"

        def run_pass(self, state: Any) -> bool:
            maker = state.targetctx.codegen()
            state.library = Part(maker, state.func_id.func_qualname)
            state.library.enable_object_caching()
            maker.set_env = lambda name, env: None
            try:
                return bool(super().run_pass(state))
            finally:
                del maker.set_env

    class PartCompiler(base):  # type: ignore[misc, valid-type]
        def define_pipelines(self) -> list[Any]:
            made = builder.define_nopython_pipeline(self.state)
            made.passes = [(LowerPart if kind is lowering else kind, why) for kind, why in made.passes]
            made.finalize()
            return [made]

    return PartCompiler


def part_options() -> dict[str, Any]:
    """Options of `numba.njit` for what only becomes part of others; none where numba has changed inside."""
    try:
        rest_while_compiling()
        return {"pipeline_class": part_compiler()}
    except (ImportError, AttributeError, ValueError):
        return {}

"""The journal of a search: every trial from the moment it is asked, in Optuna's journal format.

Trials are numbered in the order they are asked; a trial that was asked and never finished stays `running` and is
evaluated again by a resumed search. Optuna's own tools can read the file at any time.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from colanet.atomic import sweep
from colanet.errors import CheckpointError, ConfigError, DataError
from colanet.extras import need
from colanet.locks import hold_folder
from colanet.search.quiet import quiet_optuna

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial

FILE = "journal.log"
OUTCOME = "outcome"
"""User attribute of a trial: settings, metrics of each seed, seconds, problem, same_as."""


class Journal:
    """An open journal; made by `open_journal`."""

    def __init__(self, storage: Any, study_id: int) -> None:
        self.storage, self.study_id = storage, study_id

    def trials(self) -> list[FrozenTrial]:
        """All trials in the order of their numbers, to be looked at only."""
        return sorted(self.storage.get_all_trials(self.study_id, deepcopy=False), key=lambda t: t.number)

    def add(self, asked: Sequence[FrozenTrial], first: int) -> list[FrozenTrial]:
        """Note the trials of a generation, numbered from `first`; those that are there already must be the same.

        Raises
        ------
        CheckpointError
            If the journal holds other trials under these numbers.
        """
        known = self.trials()[first : first + len(asked)]
        for old, new in zip(known, asked, strict=False):
            if old.params != new.params:
                message = "differs from what would be asked now (another version of Optuna, or an edited file)"
                raise CheckpointError(
                    f"{FILE}: trial {old.number} {message}, expected the same; start anew in another folder"
                )
        for trial in asked[len(known) :]:
            self.storage.create_new_trial(self.study_id, template_trial=trial)
        return self.trials()[first : first + len(asked)]

    def finish(self, number: int, value: float | None, outcome: dict[str, Any]) -> None:
        """End a trial: with a value, or as failed (None). What else is known of it is written first."""
        from optuna.trial import TrialState

        trial = self.storage.get_trial_id_from_study_id_trial_number(self.study_id, number)
        self.storage.set_trial_user_attr(trial, OUTCOME, outcome)
        state, values = (TrialState.FAIL, None) if value is None else (TrialState.COMPLETE, [value])
        self.storage.set_trial_state_values(trial, state, values)


@contextlib.contextmanager
def open_journal(folder: Path, name: str, identity: dict[str, Any], *, resume: bool) -> Iterator[Journal]:
    """The journal in a folder, made if it is missing; no other search can open it meanwhile.

    Parameters
    ----------
    folder : Path
    name : str
        Of the study.
    identity : dict
        What the trials depend on; must be the same when a search is continued.
    resume : bool
        Whether a journal with trials may be continued.

    Raises
    ------
    ConfigError
        If the folder holds a search and `resume` is false, or is in use.
    OutputError
        If the folder or the journal cannot be written to.
    CheckpointError
        If the journal is damaged or belongs to another study.
    BackendUnavailable
        If Optuna is missing.
    """
    need("optuna", "search")  # before anything is made
    path = folder / FILE
    with hold_folder(folder, "search"), quiet_optuna() as optuna:
        sweep(folder)
        if path.exists() and path.stat().st_size and not resume:
            raise ConfigError(f"{folder}: already holds a search; --resume continues it, or choose another --out")
        yield _open(optuna, path, name, json.loads(json.dumps(identity)))


def _open(optuna: Any, path: Path, name: str, identity: dict[str, Any]) -> Journal:
    from colanet.search.log import Log

    try:
        storage = optuna.storages.JournalStorage(Log(path))
        names = [study.study_name for study in storage.get_all_studies()]
    except DataError as error:
        raise CheckpointError(str(error)) from error
    except (ValueError, KeyError, TypeError, AttributeError, AssertionError) as error:
        raise CheckpointError(f"{path}: cannot be read as a journal ({error})") from error
    if not names:
        study_id = storage.create_new_study([optuna.study.StudyDirection.MAXIMIZE], name)
    else:
        study_id = storage.get_study_id_from_name(names[0])
    known = storage.get_study_user_attrs(study_id).get("identity")
    if known is None and not storage.get_all_trials(study_id, deepcopy=False):
        storage.set_study_user_attr(study_id, "identity", identity)
    elif known != identity:
        differing = [key for key in identity if not isinstance(known, dict) or known.get(key) != identity[key]]
        message = f"belongs to another search; it differs in {', '.join(differing) or 'its fields'}"
        if "draws" in differing:
            message = "was begun with permutations that are drawn otherwise now; start anew in another folder"
        raise CheckpointError(f"{path}: {message}")
    return Journal(storage, study_id)

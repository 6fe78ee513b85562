"""What type checkers are told is what there is."""

from __future__ import annotations

import inspect
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import credex
from credex import _credex, _told, aio, blocking, errors, values

PACKAGE = Path(credex.__file__).parent
MODULES = [_credex, _told, aio, blocking, errors, values]


def checked(*words: str) -> None:
    if not shutil.which(words[0]):
        pytest.skip("mypy is not installed: run tests/install")
    environment = {"PYTHONPATH": str(PACKAGE.parent), "PATH": "/usr/bin:/bin"}
    run = subprocess.run(words, cwd=PACKAGE.parent, env=environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr


def test_the_stubs_agree_with_the_compiled_half() -> None:
    checked("stubtest", "credex._credex")


def test_the_package_is_typed_through_and_through(tmp_path: Path) -> None:
    checked("mypy", "--strict", "--cache-dir", str(tmp_path), "-p", "credex")


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_everything_has_a_docstring(module: ModuleType) -> None:
    missing = [] if module.__doc__ else [module.__name__]
    for name, it in vars(module).items():
        if name.startswith("_") or getattr(it, "__module__", None) != module.__name__:
            continue
        members = vars(it) if inspect.isclass(it) else {}
        missing += [name] * (not inspect.getdoc(it))
        for member, what in members.items():
            described = callable(what) or isinstance(what, (property, classmethod))
            if described and not member.startswith("_") and not inspect.getdoc(what):
                missing.append(f"{name}.{member}")
    assert missing == []


def test_both_flavours_offer_the_same_calls() -> None:
    for name in aio.__all__:
        waits, awaited = getattr(blocking, name), getattr(aio, name)
        calls = {it for it in dir(waits) if not it.startswith("_")}
        assert calls == {it for it in dir(awaited) if not it.startswith("_")}
        for call in calls:
            if callable(getattr(waits, call)):
                ours, theirs = (inspect.signature(getattr(it, call)) for it in (waits, awaited))
                assert ours == theirs, f"{name}.{call}"


def test_the_interpreter_is_one_that_the_wheel_is_for() -> None:
    assert sys.version_info >= (3, 11)

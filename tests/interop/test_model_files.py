"""Models from PyTorch's files, as smc_rnns, the AL-RNN and Lightning write them."""

import pickle

import numpy as np
import pytest

import separatrix as sx

torch = pytest.importorskip("torch", exc_type=ImportError)

WEIGHTS = {"A": torch.full((3,), 0.5), "W": 0.1 * torch.ones(3, 3), "h": torch.ones(3)}


@pytest.mark.parametrize("name", ["model", "model.pkl", "model.pt", "model.ckpt"])
def test_a_state_dict_is_read(name, tmp_path):
    held = {"state_dict": WEIGHTS, "epoch": 3} if name.endswith("ckpt") else WEIGHTS
    torch.save(held, tmp_path / name)
    system = sx.models.load(tmp_path / name, kind="al_rnn", rectified=1)
    assert np.asarray(system.evaluate(np.ones(3))) == pytest.approx(1.8)


class Evil:
    def __reduce__(self):
        return (print, ("run",))


def test_code_in_a_file_is_not_run(tmp_path, capsys):
    (tmp_path / "model.pkl").write_bytes(pickle.dumps({"A": Evil()}))
    with pytest.raises(sx.UnreadableFileError):
        sx.models.load(tmp_path / "model.pkl", kind="al_rnn", rectified=1)
    assert capsys.readouterr().out == ""

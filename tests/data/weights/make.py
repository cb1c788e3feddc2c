"""Makes the files of this folder: python3 make.py. Needs torch, numpy, scikit-learn and joblib."""
import os
import pickle
import warnings
import zipfile

import joblib
import numpy as np
import torch
from sklearn.cluster import KMeans

warnings.simplefilter("ignore")


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = torch.nn.Linear(3, 2)
        self.n = 5
        with torch.no_grad():
            self.fc.weight.copy_(torch.arange(6.0).view(2, 3))
            self.fc.bias.copy_(torch.tensor([-1.0, 1.0]))

    def forward(self, x):
        return self.fc(x)


net = Net()
torch.jit.script(Net()).half().save("script.pt")  # TorchScript, half precision
torch.save(net.state_dict(), "plain.pt")
torch.save(net, "module.pt")  # a whole object: refused by name
torch.save(torch.nn.Parameter(torch.arange(3.0)), "parameter.pt")  # a bare tensor

plain = zipfile.ZipFile("plain.pt")


def rezip(name, change, method=zipfile.ZIP_STORED):
    with zipfile.ZipFile(name, "w", method) as out:
        for member in plain.namelist():
            for new_name, content in change(member, plain.read(member)):
                out.writestr(new_name, content)


def is_weight(member):
    return member.endswith("data/0")


rezip("deflated.pt", lambda m, b: [(m, b)], zipfile.ZIP_DEFLATED)
rezip("climbs.pt", lambda m, b: [(m.replace("plain/data/0", "plain/../../data/0"), b)])
rezip("two_folders.pt", lambda m, b: [(m.replace("plain/data/0", "other/data/0"), b)])
rezip("no_storage.pt", lambda m, b: [] if is_weight(m) else [(m, b)])
rezip("no_program.pt", lambda m, b: [] if m.endswith("data.pkl") else [(m, b)])
rezip("short_storage.pt", lambda m, b: [(m, b[:-4] if is_weight(m) else b)])
rezip("big_endian.pt", lambda m, b: [(m, b)] + ([("plain/byteorder", b"big")] if m.endswith("version") else []))
rezip("twice.pt", lambda m, b: [(m, b)] * (2 if is_weight(m) else 1))
rezip("bomb.pt", lambda m, b: [(m, bytes(1 << 20) if is_weight(m) else b)], zipfile.ZIP_DEFLATED)


class Caller:
    def __reduce__(self):
        return (os.system, ("echo called",))


torch.save({"evil": Caller(), "w": torch.arange(3.0)}, "evil_beside.pt")
torch.save({"sparse": torch.eye(3).to_sparse()}, "sparse.pt")
torch.save({"c": torch.zeros(3, dtype=torch.complex64)}, "complex.pt")
w = torch.arange(6.0)  # one storage, three tensors, the older form
torch.save({"x": w, "y": w[2:], "z": w.view(2, 3).t()}, "shared.pt", _use_new_zipfile_serialization=False)

samples = np.random.RandomState(0).randn(200, 5)
km = KMeans(3, n_init=1, random_state=np.random.RandomState(3)).fit(samples)
np.save("km_f64_random_state.npy", km.cluster_centers_)
joblib.dump(km, "km_f64_random_state.bin")  # several arrays, one inside a random state
joblib.dump(np.asfortranarray(km.cluster_centers_), "km_array_fortran.bin")
joblib.dump(km, "km_compressed.bin", compress=3)  # refused
joblib.dump({"cluster_centers_": np.array(["a", "b"], dtype=object)}, "km_objects.bin")  # refused
for protocol in (2, 4):  # 2 is refused: its bytes are a call
    with open(f"km_plain_p{protocol}.pkl", "wb") as out:
        pickle.dump(km, out, protocol)

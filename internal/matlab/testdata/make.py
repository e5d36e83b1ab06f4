"""Writes the files beside it: pip install scipy==1.17.1; python make.py"""

import numpy as np
import scipy.io

names = np.empty((1, 196), dtype=object)
names[0, :] = [f"Maker Model {i} 2012" for i in range(1, 197)]
fields = [("relative_im_path", object), ("bbox_x1", object), ("class", object), ("test", object)]
rows = [(f"car_ims/{i + 1:06}.jpg", 30 * 70**(i % 3), (1, 98, 99, 150, 196)[i // 4], i % 2) for i in range(20)]
annotations = np.zeros((1, len(rows)), dtype=fields)
for i, (path, x, label, test) in enumerate(rows):
    annotations[0, i] = (path, np.int32(x), np.uint8(label), np.uint8(test))
cars = {"annotations": annotations, "class_names": names}
scipy.io.savemat("cars_annos.mat", cars, do_compression=True)
scipy.io.savemat("plain.mat", cars, do_compression=False)
scipy.io.savemat("kinds.mat", {
    "int8": np.int8([[-1, 2]]), "int16": np.int16([[-300]]), "uint16": np.uint16([[60000]]), "uint32": np.uint32([[1 << 31]]),
    "int64": np.int64([[-1 << 40]]), "uint64": np.uint64([[1 << 40]]), "single": np.float32([[0.5]]), "double": np.array([[1.5, 3.0], [2.5, 4.0]]),
    "empty": np.zeros((0, 0)), "word": "Zürich", "deep": {"a": {"b": 7.0}},
}, do_compression=True)
scipy.io.savemat("complex.mat", {"z": np.array([[1 + 2j]])})

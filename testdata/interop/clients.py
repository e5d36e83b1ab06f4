"""Asks a service by OpenAI's client and by Triton's, which speaks the Open Inference Protocol.

usage: clients.py ADDRESS MODEL SIZE PICTURE, a file of one colour

Prints the embeddings as JSON: {"openai": [...], "openai_base64": [...], "binary": [...], "json": [...], "file": [...]}.
"""

import base64
import json
import sys

import numpy as np
import openai
import tritonclient.http as triton
from PIL import Image

address, model, size, path = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
with open(path, "rb") as f:
    file = f.read()
answers = {}

uri = "data:image/png;base64," + base64.b64encode(file).decode()
client = openai.OpenAI(base_url=address + "/v1", api_key="none")
answers["openai_base64"] = client.embeddings.create(model=model, input=uri).data[0].embedding  # base64 is the client's default
answers["openai"] = client.embeddings.create(model=model, input=[uri], encoding_format="float").data[0].embedding

server = triton.InferenceServerClient(address.removeprefix("http://"))
assert server.is_server_live() and server.is_server_ready() and server.is_model_ready(model)
metadata = server.get_model_metadata(model)
assert metadata["inputs"][0]["shape"] == [-1, size, size, 3], metadata
pixels = np.asarray(Image.open(path).convert("RGB").resize((size, size)))[None]
for name, binary in [("binary", True), ("json", False)]:
    given = triton.InferInput("images", list(pixels.shape), "UINT8")
    given.set_data_from_numpy(pixels, binary_data=binary)
    wanted = triton.InferRequestedOutput("embedding", binary_data=binary)
    answers[name] = server.infer(model, [given], outputs=[wanted]).as_numpy("embedding")[0].tolist()
given = triton.InferInput("images", [1], "BYTES")
given.set_data_from_numpy(np.array([file], dtype=np.object_))
answers["file"] = server.infer(model, [given]).as_numpy("embedding")[0].tolist()

try:
    client.embeddings.create(model="none", input=uri)
except openai.NotFoundError as error:
    assert error.body["message"], error
else:
    raise AssertionError("a model that is not there is found")
json.dump(answers, sys.stdout)

#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Exchanges weight files with PyTorch in both directions and compares the networks' outputs.

No part of the tests: it needs PyTorch. From the root of a checkout, with g++:

    pip install torch safetensors numpy
    python3 tests/interchange/check_with_pytorch.py

Prints one line for each direction and type; exit status 1 if one differs.
"""
import collections
import pathlib
import subprocess
import sys
import tempfile

import safetensors
import safetensors.torch
import torch
from torch import nn

root = pathlib.Path(__file__).resolve().parents[2]
failures = 0


def network():
    return nn.Sequential(collections.OrderedDict(
        enc=nn.Sequential(nn.Conv2d(3, 4, 3, stride=2, padding=1), nn.BatchNorm2d(4), nn.ReLU()),
        head=nn.Conv2d(4, 2, 1))).eval()


def fixed_input():  # [1, C, H, W] of what weights.cpp counts through as [1, H, W, C]
    return (torch.arange(6 * 5 * 3) % 17 / 8 - 1).reshape(1, 6, 5, 3).permute(0, 3, 1, 2)


def output_of(net):
    with torch.no_grad():
        return net(fixed_input()).permute(0, 2, 3, 1).flatten()


def run(program, verb, path):
    result = subprocess.run([program, verb, path], capture_output=True, text=True)
    if result.returncode:
        sys.exit(result.stderr.strip())
    return torch.tensor([float(line) for line in result.stdout.split()])


def check(what, good, detail):
    global failures
    failures += not good
    print(f"{'same' if good else 'DIFFERENT'}: {what} ({detail})")


def compare(what, ours, theirs):
    difference = (ours - theirs).abs().max().item()
    check(what, ours.shape == theirs.shape and difference < 1e-5,
          f"largest difference of outputs {difference:.1e}")


with tempfile.TemporaryDirectory() as folder:
    folder = pathlib.Path(folder)
    program = folder / "weights"
    subprocess.run(["g++", "-std=c++20", "-O1", "-fopenmp", f"-I{root / 'include'}",
                    root / "tests/interchange/weights.cpp", "-o", program, "-lopenblas"], check=True)

    # PyTorch writes, Tessera reads.
    torch.manual_seed(1)
    net = network()
    with torch.no_grad():
        for name, value in net.state_dict().items():
            if value.is_floating_point():
                value.copy_(torch.rand_like(value) + (0.5 if "var" in name else -0.5))
            else:
                value.fill_(1234567)
    for dtype in (torch.float32, torch.float64, torch.float16, torch.bfloat16):
        # state_dict() of a module in that type; the counter stays int64
        state = {k: v.to(dtype) if v.is_floating_point() else v for k, v in net.state_dict().items()}
        path = folder / "theirs.safetensors"
        safetensors.torch.save_file(state, path, metadata={"format": "pt"})
        reread = network()
        reread.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in state.items()})
        compare(f"PyTorch writes {dtype}, Tessera reads", run(program, "read", path), output_of(reread))
    safetensors.torch.save_file({f"net.module.{k}": v for k, v in net.state_dict().items()}, path)
    compare("PyTorch writes, Tessera reads names behind a prefix", run(program, "read_block", path),
            output_of(net))

    # Tessera writes, PyTorch reads.
    path = folder / "ours.safetensors"
    ours = run(program, "save", path)
    state = safetensors.torch.load_file(path)
    net = network()
    net.load_state_dict(state)  # strict
    compare("Tessera writes, PyTorch reads", ours, output_of(net))
    weight = net.enc[0].weight
    check("weights in the file's order", torch.equal(weight.flatten(), torch.arange(108) / 64 - 1),
          "enc.0.weight as [O, I, Kh, Kw]")
    count = net.enc[1].num_batches_tracked
    check("num_batches_tracked", count.item() == 2**24 + 1 and count.dtype == torch.int64, count.item())
    with safetensors.safe_open(path, "pt") as file:
        check("metadata", file.metadata() == {"tessera.system": "interchange"}, file.metadata())

sys.exit(failures > 0)

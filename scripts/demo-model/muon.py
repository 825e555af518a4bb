"""The optimiser of both trainings: Muon for matrices and convolutions, Adam for everything else.

Muon (K. Jordan and others, 2024) replaces the averaged gradient of a matrix by the nearest orthogonal matrix, found
by Newton and Schulz's iteration, so that all directions learn at one rate. The scale 0.2 sqrt(largest side) gives
its updates the size of Adam's (J. Liu and others, "Muon is scalable for LLM training", 2025).
"""
import torch


def orthogonalised(matrix):
    """About the nearest (semi-)orthogonal matrix: singular values near 1."""
    a, b, c = 3.4445, -4.7750, 2.0315
    x = (matrix / (matrix.norm() + 1e-7)).bfloat16()
    wide = x.shape[0] <= x.shape[1]
    x = x if wide else x.T
    for _ in range(5):
        square = x @ x.T
        x = a * x + (b * square + c * square @ square) @ x
    return (x if wide else x.T).to(matrix.dtype)


class Muon(torch.optim.Optimizer):
    """Muon's step; every parameter is read as a matrix [first side, all others]."""

    def __init__(self, parameters, lr, momentum=0.95, weight_decay=0.0):
        super().__init__(parameters, dict(lr=lr, momentum=momentum, weight_decay=weight_decay))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                state = self.state[p]
                if "average" not in state:
                    state["average"] = torch.zeros_like(p)
                average = state["average"].lerp_(p.grad, 1 - group["momentum"])
                matrix = p.grad.lerp(average, group["momentum"]).flatten(1)
                scale = 0.2 * max(matrix.shape) ** 0.5
                p.mul_(1 - group["lr"] * group["weight_decay"])
                p.add_(orthogonalised(matrix).view_as(p), alpha=-group["lr"] * scale)


class Both:
    """Muon and Adam as one optimiser."""

    def __init__(self, modules, rate, decay):
        matrices, others = [], []
        for name, p in ((n, p) for module in modules for n, p in module.named_parameters()):
            edge = "conv_in" in name or "conv_out" in name or "embedding" in name and "time" not in name
            (matrices if p.ndim >= 2 and not edge else others).append(p)
        self.parts = [Muon(matrices, rate, weight_decay=decay),
                      torch.optim.AdamW(others, lr=rate, betas=(0.9, 0.98), weight_decay=0)]

    def set_rate(self, rate):
        for part in self.parts:
            for group in part.param_groups:
                group["lr"] = rate

    def step(self):
        for part in self.parts:
            part.step()

    def zero_grad(self):
        for part in self.parts:
            part.zero_grad(set_to_none=True)

    def state_dict(self):
        return [part.state_dict() for part in self.parts]

    def load_state_dict(self, states):
        for part, state in zip(self.parts, states):
            part.load_state_dict(state)

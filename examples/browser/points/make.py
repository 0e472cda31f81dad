#!/usr/bin/python3
"""Makes the sets of points: lines of x,y,class, where x and y are whole numbers from -512 to 512.

    examples/browser/points/make.py      writes spiral.csv, rings.csv and clouds.csv beside itself
"""
import math
import os
import random


def spiral(r):
    for i in range(70):
        for c in range(3):
            angle = 2.1 * c + i / 15 + r.gauss(0, 0.1)
            yield (0.08 + 0.86 * i / 70) * math.cos(angle), (0.08 + 0.86 * i / 70) * math.sin(angle), c


def rings(r):
    for i in range(60):
        for c, radius in enumerate((0.16, 0.5, 0.84)):
            angle, at = r.uniform(0, 2 * math.pi), radius + r.gauss(0, 0.055)
            yield at * math.cos(angle), at * math.sin(angle), c


def clouds(r):
    middles = ((-0.5, 0.4, 0), (0.5, -0.45, 0), (0.5, 0.45, 1), (-0.5, -0.45, 1), (0, 0, 2))
    for i in range(36):
        for x, y, c in middles:
            yield x + r.gauss(0, 0.13), y + r.gauss(0, 0.13), c


for make in (spiral, rings, clouds):
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), make.__name__ + ".csv"), "w", encoding="utf-8") as file:
        for x, y, c in make(random.Random(1)):
            file.write(f"{max(-512, min(512, round(512 * x)))},{max(-512, min(512, round(512 * y)))},{c}\n")

"""Drum patterns: a bar as sixteen steps (twelve in three-four) for each drum.

`X` an accent, `x` a stroke, `o` a soft stroke, `g` a ghost note, `?` a stroke half of the time.
"""

BEATS: dict[str, dict[str, str]] = {
    "backbeat": {
        "kick": "X.......X.?.....",
        "snare": "....X.......X...",
        "hat": "x.o.x.o.x.o.x.o.",
    },
    "pop16": {
        "kick": "X..x..x.?.x.....",
        "snare": "....X..g....X..?",
        "hat": "xoxoxoxoxoxoxoxo",
    },
    "rock8": {
        "kick": "X.x.....X.X....?",
        "snare": "....X.......X...",
        "hat": "X.x.X.x.X.x.X.x.",
    },
    "halftime": {
        "kick": "X.....x...?...x.",
        "snare": "........X.......",
        "hat": "x...x...x...x.?.",
    },
    "four": {
        "kick": "X...X...X...X...",
        "clap": "....X.......X...",
        "openhat": "..x...x...x...x.",
        "hat": "o...o...o...o...",
    },
    "fourdense": {
        "kick": "X...X...X...X..?",
        "clap": "....X.......X...",
        "openhat": "..x...x...x...x.",
        "hat": "ooxoooxoooxoooxo",
        "shaker": "oxoxoxoxoxoxoxox",
    },
    "garage": {
        "kick": "X.....?..?X.....",
        "clap": "....X.......X...",
        "hat": "..xo..xo..x?..xo",
        "rim": ".......x..?....x",
    },
    "boombap": {
        "kick": "X..x....?.X.....",
        "snare": "....X..g.g..X...",
        "hat": "x.o.x.o.x.o.x.oo",
    },
    "trap": {
        "kick": "X.....?...x..?..",
        "clap": "........X.......",
        "hat": "xoxox?xxxoxox?x?",
        "openhat": "......?.......?.",
    },
    "ballad": {
        "kick": "X.........?.....",
        "snare": "........x.......",
        "hat": "o...o...o...o...",
    },
    "sidestick": {
        "kick": "X......xo.......",
        "rim": "....x.......x..?",
        "hat": "o.o.o.o.o.o.o.o.",
    },
    "train": {
        "kick": "x...x...x...x...",
        "snare": "ggXggogXggXgogXg",
    },
    "shaker": {
        "kick": "x.......?.......",
        "shaker": "xoxoxoxoxoxoxoxo",
        "rim": "....o.......o...",
    },
    "funk": {
        "kick": "X..x..x...X..?..",
        "snare": "....X..g.g.gX..g",
        "hat": "xoxoxoxoxoxoxo.o",
        "openhat": "..............?.",
    },
    "funk2": {
        "kick": "X.X....?.xX..x..",
        "snare": ".g..X..X.g.gX.g.",
        "hat": "X.x.X.x.X.x.X.x.",
    },
    "pulse": {
        "kick": "x.......?.......",
        "rim": "......o.....o..?",
        "shaker": "o...o...o...o...",
    },
    "downtempo": {
        "kick": "X.....x...?.....",
        "snare": "....o.......x...",
        "hat": "..o...o.?.o...oo",
    },
    "doublekick": {
        "kick": "XxxxX.xxXxxxX.x?",
        "snare": "....X.......X...",
        "ride": "X...X...X...X...",
    },
    "blast": {
        "kick": "x.x.x.x.x.x.x.x.",
        "snare": ".x.x.x.x.x.x.x.x",
        "ride": "X...X...X...X...",
    },
    "ride": {
        "ride": "X...x.o.X...x.o.",
        "hat": "....x.......x...",
        "snare": "..?...g...?...g.",
        "kick": "o.......o.?.....",
    },
    "brushes": {
        "snare": "o...x.g.o...x.g.",
        "hat": "....x.......x...",
        "ride": "x...o...x...o...",
        "kick": "o.......o.......",
    },
    "onedrop": {
        "kick": "........X.......",
        "rim": "........X.....?.",
        "hat": "x.o.x.o.x.o.x.oo",
    },
    "steppers": {
        "kick": "X...X...X...X...",
        "snare": "........x......?",
        "hat": "..x...x...x...x.",
    },
    "amen": {
        "kick": "X.x.......x?....",
        "snare": "....X..g.g..X..g",
        "ride": "x.x.x.x.x.x.x.x.",
    },
    "twostep": {
        "kick": "X.........X.....",
        "snare": "....X.......X..?",
        "hat": "xoxox?xoxoxoxoxo",
    },
    "waltz": {
        "kick": "X.........?.",
        "snare": "....o...x...",
        "hat": "x...o...o.?.",
    },
}
STRENGTH = {"X": 1.0, "x": 0.78, "o": 0.5, "g": 0.25, "?": 0.6}

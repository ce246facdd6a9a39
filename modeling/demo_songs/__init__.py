"""Generated multitrack songs: four stems of music, with a written rule for the reference balance.

    song = compose(seed=1, index=0)
    write_song(song, Path("songs/0000"))

numpy and scipy only, so that a training machine needs nothing else. docs/demo-songs.md tells what
the songs are and what figures on them do not show.
"""

from modeling.demo_songs.files import write_song
from modeling.demo_songs.song import DemoSong, compose

__all__ = ["DemoSong", "compose", "write_song"]

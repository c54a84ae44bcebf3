"""The shared vocabulary and the append-only log everything else rests on."""

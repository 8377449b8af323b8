"""The HTTP worker that Python engines stand on: one process, one model, one job at a time, OpenAI's shapes.

The engines (faster_whisper_worker.py, f5_tts_worker.py) know this package; it knows none of them.
"""

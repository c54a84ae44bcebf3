"""One module per safe model format: what its file may hold and how it predicts and explains.

Each adapter checks the structure of the file itself before a third-party library sees it:
these libraries trust their own files, and an index out of range in one crashes the process.
"""

"""The query language: grammar, abstract syntax, and a naive evaluator over records. Does no I/O."""

"""The Fire dataflow: program, issue, write-back."""

"""What `indelible.open` and `indelible.connect` both give: one object, one set of answers, sync and async alike."""

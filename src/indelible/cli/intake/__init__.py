"""What ``indelible import`` reads: files, folders, archives and git histories, as one stream of events to append."""

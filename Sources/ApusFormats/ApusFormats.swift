// Sources of ApusFormats.

// Sources of ApusRuntime.

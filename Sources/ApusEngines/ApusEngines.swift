// Sources of ApusEngines.

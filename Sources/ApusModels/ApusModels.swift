// Sources of ApusModels.

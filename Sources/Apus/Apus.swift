// Sources of Apus.

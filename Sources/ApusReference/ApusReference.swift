// Sources of ApusReference.

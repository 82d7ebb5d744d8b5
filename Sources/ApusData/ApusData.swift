// Sources of ApusData.

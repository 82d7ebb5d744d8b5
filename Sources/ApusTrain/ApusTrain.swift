// Sources of ApusTrain.

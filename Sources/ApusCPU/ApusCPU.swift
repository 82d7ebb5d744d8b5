// Sources of ApusCPU.

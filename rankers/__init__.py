"""SASRec and other scorers, their losses, negative samplers, the trainer, blending."""

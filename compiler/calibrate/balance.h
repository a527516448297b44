/* Moving range from activations to weights. */
#ifndef BALANCE_H
#define BALANCE_H

#include "calibrate.h"

/* SmoothQuant (G. Xiao et al., SmoothQuant: Accurate and Efficient Post-Training Quantization for Large Language
 * Models, 2022): input channel j of a linear layer is divided by, and its row of weights multiplied with
 *
 *     s[j] = max|x[j]|^k->balance / max|w[j]|^(1 - k->balance), over the geometric mean of all s
 *
 * so that channels of a wide range do not spoil the steps of the others. The model computes the same as before, because
 * the division happens where the channel is made: in the scale and bias of a LayerNormalization, or in the weights and
 * bias of a linear layer before, each with a Relu behind it or not, alone or as a part of a Concat along the channels.
 * Layers whose inputs come from elsewhere, or go elsewhere, stay as they are. The channels' ranges must have been seen
 * (calibrate_ranges). Changes the float constants in the file and returns how many layers it balanced. */
int balance_layers(struct ctx *c, struct calibration *k, struct onnx_file *file);

#endif

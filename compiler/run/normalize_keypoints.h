/* Keypoints as matchers take them. */
#ifndef NORMALIZE_KEYPOINTS_H
#define NORMALIZE_KEYPOINTS_H

#include <stdbool.h>

/* k pixels along an axis (0: x, 1: y) of a picture that is width x height at the extractor, in the matcher's
 * coordinates. per_axis: 2 k / size - 1, as pipelines of LightGlue-ONNX 2.0 on do it inside; else (k - size / 2) /
 * (longer side / 2), as LightGlue's own normalize_keypoints (Lindenberger et al. 2023). */
float normalize_keypoint(float k, int axis, int width, int height, bool per_axis);

#endif

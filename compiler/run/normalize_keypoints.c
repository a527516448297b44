/* Keypoints as matchers take them. */
#include "normalize_keypoints.h"

float normalize_keypoint(float k, int axis, int width, int height, bool per_axis)
{
	float size = (float)(axis ? height : width), longer = (float)(width > height ? width : height);

	return per_axis ? 2 * k / size - 1 : (k - size / 2) / (longer / 2);
}

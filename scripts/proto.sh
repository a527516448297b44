#!/bin/sh
# Makes the reader of ONNX files: proto.sh DIR writes DIR/onnx.pb-c.{c,h}, from the onnx.proto of Debian's libonnx-dev.
set -eu
for folder in ${ONNX_PROTO:-} /usr/include/onnx /usr/local/include/onnx; do
	if [ -f "$folder/onnx.proto" ]; then
		exec protoc-c --proto_path="$folder" --c_out="$1" onnx.proto
	fi
done
echo "onnx.proto not found: install libonnx-dev, or set ONNX_PROTO to its folder" >&2
exit 1

// Times ONNX Runtime on a model: node peer.mjs MODEL THREADS ITERATIONS NAME=AxBxC|NAME=FILE.pb...
// Prints one JSON line: {"peer": "onnxruntime-node 1.30.0", "median_ms": ..., "min_ms": ...}. An input is random in
// 0..1, or float data from the file of an ONNX data set.
import { createRequire } from 'node:module'
import { readFileSync } from 'node:fs'
const require = createRequire(import.meta.url)
const ort = require('onnxruntime-node')
const { version } = require('onnxruntime-node/package.json')

let seed = 1
const random = () => (seed = (seed * 16807) % 2147483647) / 2147483647

// A TensorProto: dims is field 1, raw_data field 9.
function readTensor(file) {
  const bytes = readFileSync(file), dims = []
  let at = 0, data
  const varint = () => {
    let x = 0, scale = 1
    for (;; scale *= 128) {
      const byte = bytes[at++]
      x += (byte & 127) * scale
      if (byte < 128) return x
    }
  }
  while (at < bytes.length) {
    const tag = varint()
    if ((tag & 7) === 0) {
      const x = varint()
      if (tag >> 3 === 1) dims.push(x)
    } else {
      const n = varint()
      if (tag >> 3 === 9) data = bytes.slice(at, at + n)
      at += n
    }
  }
  return new ort.Tensor('float32', new Float32Array(Uint8Array.from(data).buffer), dims)
}

function randomTensor(dims) {
  return new ort.Tensor('float32', Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, random), dims)
}

const [model, threads, iterations, ...inputs] = process.argv.slice(2)
const session = await ort.InferenceSession.create(model, {
  intraOpNumThreads: Number(threads), interOpNumThreads: 1, graphOptimizationLevel: 'all', executionProviders: ['cpu'],
})
const feeds = {}
for (const input of inputs) {
  const [name, what] = input.split('=')
  feeds[name] = what.endsWith('.pb') ? readTensor(what) : randomTensor(what.split('x').map(Number))
}
const times = []
for (let i = 0; i < Number(iterations) + 2; i++) {
  const start = process.hrtime.bigint()
  await session.run(feeds)
  if (i >= 2) times.push(Number(process.hrtime.bigint() - start) / 1e6)
}
times.sort((a, b) => a - b)
console.log(JSON.stringify({ peer: `onnxruntime-node ${version}`, median_ms: times[times.length >> 1], min_ms: times[0] }))

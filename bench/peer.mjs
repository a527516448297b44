// Times ONNX Runtime on a model: node peer.mjs MODEL THREADS ITERATIONS NAME=AxBxC...
// Prints one JSON line: {"peer": "onnxruntime-node 1.30.0", "median_ms": ..., "min_ms": ...}. Inputs are random in 0..1.
import { createRequire } from 'node:module'
const require = createRequire(import.meta.url)
const ort = require('onnxruntime-node')
const { version } = require('onnxruntime-node/package.json')

const [model, threads, iterations, ...shapes] = process.argv.slice(2)
const session = await ort.InferenceSession.create(model, {
  intraOpNumThreads: Number(threads), interOpNumThreads: 1, graphOptimizationLevel: 'all', executionProviders: ['cpu'],
})
const feeds = {}
let seed = 1
const random = () => (seed = (seed * 16807) % 2147483647) / 2147483647
for (const shape of shapes) {
  const [name, sizes] = shape.split('=')
  const dims = sizes.split('x').map(Number)
  const data = Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, random)
  feeds[name] = new ort.Tensor('float32', data, dims)
}
const times = []
for (let i = 0; i < Number(iterations) + 2; i++) {
  const start = process.hrtime.bigint()
  await session.run(feeds)
  if (i >= 2) times.push(Number(process.hrtime.bigint() - start) / 1e6)
}
times.sort((a, b) => a - b)
console.log(JSON.stringify({ peer: `onnxruntime-node ${version}`, median_ms: times[times.length >> 1], min_ms: times[0] }))

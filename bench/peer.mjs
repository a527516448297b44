// A contestant (bench.h): ONNX Runtime as node.js programs have it. node peer.mjs MODEL THREADS NAME=AxBxC:FILE...
import { createRequire } from 'node:module'
import { readFileSync, writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
const require = createRequire(import.meta.url)
const ort = require('onnxruntime-node')
const { version } = require('onnxruntime-node/package.json')

const [model, threads, ...inputs] = process.argv.slice(2)
const session = await ort.InferenceSession.create(model, {
  intraOpNumThreads: Number(threads), interOpNumThreads: 1, graphOptimizationLevel: 'all', executionProviders: ['cpu'],
})
const feeds = {}
for (const input of inputs) {
  const [, name, sizes, file] = input.match(/^([^=]*)=([0-9x]*):(.*)$/)
  feeds[name] = new ort.Tensor('float32', new Float32Array(Uint8Array.from(readFileSync(file)).buffer), sizes.split('x').map(Number))
}
const now = () => Number(process.hrtime.bigint()) / 1e6

let outputs = await session.run(feeds)
console.log(`ready onnxruntime-node ${version}|0`)
for await (const line of createInterface({ input: process.stdin })) {
  const [word, what] = line.split(' ')
  if (word === 'write') {
    const parts = session.outputNames.map(name => Buffer.from(Float32Array.from(outputs[name].data, Number).buffer))
    writeFileSync(what, Buffer.concat(parts))
    console.log('written')
    continue
  }
  const times = [], start = now()
  do {
    const before = now()
    outputs = await session.run(feeds)
    times.push(now() - before)
  } while (now() < start + 1000 * Number(what))
  times.sort((a, b) => a - b)
  console.log((times[(times.length - 1) >> 1] + times[times.length >> 1]) / 2)
}

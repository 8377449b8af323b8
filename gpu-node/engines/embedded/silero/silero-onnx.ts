// Reads named float tensors out of an .onnx file: just enough protobuf for the Constant nodes of Silero's graph, so that
// no ONNX runtime (hundreds of MB, a postinstall download) is needed. Used by silero-vad.ts; knows nothing of voices.
import { invariant } from '#shared/invariant.ts'

/** One protobuf field: a number, or the range of its bytes. */
interface Field {
  number: number
  value: number
  start: number
  end: number
}

// Field numbers of onnx.proto3.
const MODEL_GRAPH = 7
const GRAPH_NODE = 1
const NODE_OUTPUT = 2
const NODE_ATTRIBUTE = 5
const ATTRIBUTE_TENSOR = 5
const ATTRIBUTE_GRAPH = 6
const TENSOR_TYPE = 2
const TENSOR_RAW = 9
const TYPE_FLOAT = 1

/** All float constants by the name of their node's output, those of nested graphs (If branches) included. */
export function readOnnxConstants(bytes: Uint8Array): Map<string, Float32Array> {
  const constants = new Map<string, Float32Array>()
  for (const field of readFields(bytes, 0, bytes.length))
    if (field.number === MODEL_GRAPH) readGraph(bytes, field, constants)
  return constants
}

function readGraph(bytes: Uint8Array, graph: Field, constants: Map<string, Float32Array>): void {
  for (const node of readFields(bytes, graph.start, graph.end)) {
    if (node.number !== GRAPH_NODE) continue
    const fields = readFields(bytes, node.start, node.end)
    const output = fields.find((field) => field.number === NODE_OUTPUT)
    const name = output ? new TextDecoder().decode(bytes.subarray(output.start, output.end)) : undefined
    for (const attribute of fields) {
      if (attribute.number !== NODE_ATTRIBUTE) continue
      for (const part of readFields(bytes, attribute.start, attribute.end)) {
        if (part.number === ATTRIBUTE_GRAPH) readGraph(bytes, part, constants)
        const tensor = part.number === ATTRIBUTE_TENSOR ? readTensor(bytes, part) : undefined
        if (tensor && name !== undefined) constants.set(name, tensor)
      }
    }
  }
}

function readTensor(bytes: Uint8Array, tensor: Field): Float32Array | undefined {
  const fields = readFields(bytes, tensor.start, tensor.end)
  const raw = fields.find((field) => field.number === TENSOR_RAW)
  const type = fields.find((field) => field.number === TENSOR_TYPE)
  if (!raw || type?.value !== TYPE_FLOAT) return undefined
  // Copied, because a Float32Array cannot lie at any offset; by set, because slice of a Buffer is no copy.
  const copy = new Uint8Array(raw.end - raw.start)
  copy.set(bytes.subarray(raw.start, raw.end))
  return new Float32Array(copy.buffer)
}

function readFields(bytes: Uint8Array, start: number, end: number): Field[] {
  const fields: Field[] = []
  let at = start
  const readVarint = (): number => {
    let value = 0
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[at++]
      invariant(byte !== undefined, 'the onnx file is whole')
      value += (byte & 127) * scale
      if (byte < 128) return value
    }
  }
  while (at < end) {
    const key = readVarint()
    const wireType = key & 7
    const field = { number: Math.floor(key / 8), value: 0, start: at, end: at }
    if (wireType === 0) field.value = readVarint()
    else if (wireType === 1) at += 8
    else if (wireType === 5) at += 4
    else {
      invariant(wireType === 2, 'the onnx file has known wire types')
      const length = readVarint()
      field.start = at
      at += length
      field.end = at
    }
    fields.push(field)
  }
  return fields
}

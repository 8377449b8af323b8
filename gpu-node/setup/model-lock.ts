// What setup put in place, written down beside the configuration (gpu-node.toml → gpu-node.lock.json): the commit of each repository and the
// SHA-256 of each file. From then on setup takes these bytes and no others, whatever the hub calls by the same name.
import { readFileSync } from 'node:fs'
import { rename, writeFile } from 'node:fs/promises'
import * as v from 'valibot'
import type { ModelNeed } from '#gpu-node/config/needs.ts'

const hex = (digits: number) => v.pipe(v.string(), v.regex(new RegExp(`^[0-9a-f]{${digits}}$`)))
const Locked = v.strictObject({ commit: hex(40), files: v.record(v.string(), hex(64)) })
const Lock = v.strictObject({ version: v.literal(1), models: v.record(v.string(), Locked) })

export type LockedModel = v.InferOutput<typeof Locked>

export class ModelLock {
  readonly path: string
  readonly #models: Record<string, LockedModel>

  private constructor(path: string, models: Record<string, LockedModel>) {
    this.path = path
    this.#models = models
  }

  /** `configuration`: the file of engines. Throws where the lock is there and cannot be read: it must not be taken for none. */
  static open(configuration: string): ModelLock {
    const path = configuration.replace(/(?:\.toml)?$/, '.lock.json')
    let text: string
    try {
      text = readFileSync(path, 'utf8')
    } catch {
      return new ModelLock(path, {})
    }
    try {
      return new ModelLock(path, v.parse(Lock, JSON.parse(text)).models)
    } catch {
      throw new Error(`${path} is damaged: put it back, or remove it to accept what the hub has now`)
    }
  }

  find(model: ModelNeed): LockedModel | undefined {
    return this.#models[keyOf(model)]
  }

  async keep(model: ModelNeed, locked: LockedModel): Promise<void> {
    this.#models[keyOf(model)] = locked
    const models = Object.fromEntries(Object.entries(this.#models).toSorted(([one], [other]) => (one < other ? -1 : 1)))
    const text = `${JSON.stringify({ version: 1, models }, undefined, 2)}\n`
    await writeFile(`${this.path}.part`, text)
    await rename(`${this.path}.part`, this.path)
  }
}

/** A revision that was asked for, such as main, stays what it was when it was locked. */
const keyOf = ({ repo, revision }: ModelNeed): string => `${repo}@${revision}`

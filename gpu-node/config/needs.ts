// What an engine of a preset needs on the disk before it can start: a virtual environment and the files of its models. Data only;
// gpu-node/setup puts them in place, gpu-node/check looks for them.

/** Files of one repository of a model hub. */
export interface ModelNeed {
  /** owner/name */
  repo: string
  /** A branch, tag or commit. */
  revision: string
  /** Which of its files: exact paths, or all where undefined. */
  files: readonly string[] | undefined
  /** The SHA-256 of files, by their paths, where they are known beforehand. */
  sha256?: Readonly<Record<string, string>>
  /** Where they go; the last part of each path is its name there. */
  folder: string
  /** Shown before the download. */
  licence: string
}

/** A minor version of Python 3 that pinned packages are made for: this one alone, or any from it on. */
export interface PythonNeed {
  minor: number
  isExact: boolean
}

export interface EngineNeeds {
  /** Folder of the virtual environment. */
  venv: string
  python: PythonNeed
  /** Major version of the NVIDIA driver, for the CUDA of its packages; undefined where it stays off the card. */
  driver?: number | undefined
  /** Whether it compiles for the card when it starts (Triton). It then needs a C compiler and the headers of Python. */
  compiles?: boolean
  /** Pinned and hashed, in gpu-node/engines/python. */
  requirements: string
  models: readonly ModelNeed[]
  /** Folder of reference voices, `<id>.wav` and `<id>.txt`; the owner's to fill. */
  voices?: string
}

/** Stands in for the local embedder's packages: `crash` ends its thread, `throw` fails one round. */
module.exports = {
  modelSource: undefined,
  initModel: async () => ({
    embed: async (texts) => {
      if (texts.includes('crash')) process.exit(1)
      if (texts.includes('throw')) throw new Error('cannot')
      return texts.map(() => [3, 0])
    },
  }),
}

// A replacement for TikTok's SDK, for a browser outside TikTok: the emulator gives the code and stores the choice.
// In TikTok, the page loads the SDK instead of this file.
(() => {
  const step = async name => (await fetch(`/stand-in/${name}`, {method: 'POST'})).json()

  function ask(scope) {
    const popup = document.createElement('dialog')
    popup.innerHTML = '<h1></h1><p class="soft"></p><div><button value="deny">Don’t allow</button>' +
      '<button value="allow" class="main">Allow</button></div>'
    popup.querySelector('h1').textContent = 'Allow this game to see your name and picture?'
    popup.querySelector('p').textContent = scope
    document.body.append(popup)
    popup.showModal()
    return new Promise(done => {
      const end = choice => { popup.remove(); done(choice) }
      popup.addEventListener('cancel', () => end('deny'))
      for (const one of popup.querySelectorAll('button')) one.addEventListener('click', () => end(one.value))
    })
  }

  const error = (code, text) => ({error: {error_code: code, error_msg: text, error_extra: {}}})
  window.TTMinis ??= {game: {
    async login({success, fail}) {
      try { success({code: (await step('login')).code}) } catch { fail(error(102102, 'The stand-in has no emulator.')) }
    },
    async authorize({scope, success, fail}) {
      // The emulator remembers an earlier choice: then there is no second popup.
      const choice = (await step('ask')).popup ? await ask(scope) : 'allow'
      await step(choice)
      if (choice === 'allow') success({}); else fail(error(1, 'The player did not allow it.'))
    },
  }}
})()

const at = id => document.getElementById(id)
const say = text => { at('said').textContent = text }

async function show(fresh) {
  const reply = await fetch(fresh ? '/api/me?fresh' : '/api/me')
  if (!reply.ok) return say('Your profile cannot be loaded now. You can play without it.')
  const me = await reply.json()
  at('name').textContent = me.name
  at('face').src = me.avatar_url
  at('share').hidden = me.shared
}

// At the start, only the silent login: the player sees no popup before the game.
TTMinis.game.login({
  async success({code}) {
    const reply = await fetch('/api/login', {method: 'POST', body: JSON.stringify({code})})
    if (reply.ok) await show(false); else say('The login failed. Your score will not be kept.')
  },
  fail({error}) {
    say(error.error_code === 102102
      ? 'The login failed: in the developer portal, the app has no terms or privacy URL yet (102102).'
      : 'The login failed. Your score will not be kept.')
  },
})

// Ask for consent only when the player uses a feature that needs it.
at('share').addEventListener('click', () => TTMinis.game.authorize({
  scope: 'user.info.basic',
  async success() { say(''); await show(true) },
  fail() { say('You can do that later, too.') },
}))

at('dot').addEventListener('click', () => { at('score').value = Number(at('score').value) + 1 })

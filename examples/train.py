"""Train a variational autoencoder on the digits against an expression of the language."""

import jax.random as jr

import elbowroom as er

digits = er.load_dataset("digits")
key_encoder, key_decoder = jr.split(jr.key(0))
latent = 8
model = er.VAE(
    prior=er.StandardNormalPrior(latent),
    encoder=er.DiagonalGaussianEncoder(er.make_perceptron((64, 100, 2 * latent), "tanh", key_encoder)),
    decoder=er.BernoulliDecoder(er.make_perceptron((latent, 100, 64), "tanh", key_decoder)),
)

# er.elbo() is the expression E_q(z|x)[log p(x|z)] - KL(q(z|x) || p(z)), nothing more; any other may stand here.
objective = er.elbo()
print("maximise", objective)
fit = er.train(model, digits, objective, er.TrainSettings(epochs=20, batch=64))

print(f"ELBO on the test split: {fit.elbo['test']:.2f} nats per datum")
z, x = fit.model.simulate(jr.key(1))
print("a digit from the model:")
for row in x.reshape(8, 8):
    print("  " + "".join(" #"[int(pixel)] for pixel in row))

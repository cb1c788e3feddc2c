#!/usr/bin/python3
"""Writes torchaudio.safetensors and expected.safetensors beside itself: a small HuBERT of large's structure
with random weights, and what torchaudio computes with it from ../hubert-tiny/noise.wav.

Needs numpy, torch, torchaudio, soundfile (Debian: python3-torchaudio python3-soundfile)."""
import json, math, os, struct
import numpy as np, soundfile, torch, torchaudio

FOLDER = os.path.dirname(os.path.abspath(__file__))


def save(name, items):
    header, offset = {}, 0
    for key, value in items:
        header[key] = {'dtype': 'F32', 'shape': list(value.shape), 'data_offsets': [offset, offset + 4 * value.size]}
        offset += 4 * value.size
    text = json.dumps(header).encode()
    text += b' ' * (-len(text) % 8)
    with open(os.path.join(FOLDER, name), 'wb') as f:
        f.write(struct.pack('<Q', len(text)) + text)
        for _, value in items:
            f.write(np.ascontiguousarray(value, dtype='<f4').tobytes())


torch.manual_seed(3)
net = torchaudio.models.wav2vec2_model(
    extractor_mode='layer_norm', extractor_conv_layer_config=[(12, 10, 5)] + [(12, 3, 2)] * 4 + [(12, 2, 2)] * 2,
    extractor_conv_bias=True, encoder_embed_dim=20, encoder_projection_dropout=0., encoder_pos_conv_kernel=17,
    encoder_pos_conv_groups=4, encoder_num_layers=3, encoder_num_heads=5, encoder_attention_dropout=0.,
    encoder_ff_interm_features=28, encoder_ff_interm_dropout=0., encoder_dropout=0., encoder_layer_norm_first=True,
    encoder_layer_drop=0., aux_num_out=None).eval()
with torch.no_grad():
    for name, p in net.named_parameters():
        if p.dim() == 1 and 'norm' in name and name.endswith('weight'):
            p.copy_(1 + .5 * torch.randn_like(p))
        elif p.dim() == 1:
            p.copy_(.2 * torch.randn_like(p))
        elif 'weight_g' in name:
            p.copy_(4 + 2 * torch.rand_like(p))
        else:
            p.copy_(1.5 * torch.randn_like(p) / math.sqrt(p[0].numel()))
    save('torchaudio.safetensors', sorted((k, v.numpy()) for k, v in net.state_dict().items()))

    wave, rate = soundfile.read(os.path.join(FOLDER, '../hubert-tiny/noise.wav'), dtype='float32')
    assert rate == 16000
    wave = torch.from_numpy(wave)[None]
    wave = torch.nn.functional.layer_norm(wave, wave.shape)
    between, _ = net.extract_features(wave)
    last, _ = net(wave)
    layers = [t[0].numpy() for t in between[:-1]] + [last[0].numpy()]
    save('expected.safetensors', [(f'noise.layer{k + 1}', v) for k, v in enumerate(layers)])

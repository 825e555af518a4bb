import Foundation
import TestSupport

/// Requests as clients send them, byte by byte, with a small picture.
struct ClientRequests {
  let picture: [UInt8]

  init() throws { picture = Array(try Fixtures.data("pictures/palette.png")) }

  var all: [[UInt8]] { [text, litellm, requests, fetch, curl, json, openai, webui, chunked, list] }

  private var base64: String { Data(picture).base64EncodedString() }

  /// litellm, generating: httpx, with the empty file that a form without files needs.
  private var text: [UInt8] {
    let boundary = "19411b6e11bdefbdc09ff6f839b26efa"
    let body = form(
      boundary,
      [
        (#"name="prompt""#, Array("x".utf8)), (#"name="output_format""#, Array("png".utf8)),
        (#"name="aspect_ratio""#, Array("16:9".utf8)),
        ("name=\"none\"; filename=\"upload\"\r\nContent-Type: application/octet-stream", []),
      ])
    return post("/v2beta/stable-image/generate/sd3", "litellm/1.110.2", body, boundary: boundary)
  }

  /// litellm, editing.
  private var litellm: [UInt8] {
    let boundary = "a5e00b9f3faad24da973c0e1b8ce77f3"
    let body = form(
      boundary,
      [
        (#"name="output_format""#, Array("png".utf8)), (#"name="prompt""#, Array("x".utf8)),
        ("name=\"image\"; filename=\"in.png\"\r\nContent-Type: image/png", picture),
      ])
    return post("/v2beta/stable-image/edit/inpaint", "litellm/1.110.2", body, boundary: boundary)
  }

  /// Python's requests, by the v1 samples: files without a type, prompts with brackets in their names.
  private var requests: [UInt8] {
    let boundary = "0f4e8d2a1b9c4d5e8f7a6b5c4d3e2f1a"
    let body = form(
      boundary,
      [
        (#"name="image_strength""#, Array("0.35".utf8)),
        (#"name="text_prompts[0][text]""#, Array("a lighthouse".utf8)),
        (#"name="text_prompts[0][weight]""#, Array("1".utf8)),
        (#"name="init_image"; filename="init_image""#, picture),
        (#"name="mask_image"; filename="mask_image""#, picture), (#"name="none"; filename="none""#, []),
      ])
    return post(
      "/v1/generation/stable-diffusion-v1-5/image-to-image/masking", "python-requests/2.34.2", body,
      boundary: boundary)
  }

  /// Node's fetch with FormData.
  private var fetch: [UInt8] {
    let boundary = "----formdata-undici-046812745321"
    let body = form(
      boundary,
      [
        (#"name="prompt""#, Array("a cat, 雨".utf8)),
        ("name=\"image\"; filename=\"blob\"\r\nContent-Type: application/octet-stream", picture),
      ])
    return post("/v2beta/stable-image/upscale/fast", "node", body, boundary: boundary)
  }

  private var curl: [UInt8] {
    let boundary = "------------------------d74496d66958873e"
    let body = form(
      boundary,
      [
        ("name=\"image\"; filename=\"a \\\"b\\\".png\"\r\nContent-Type: image/png", picture),
        (#"name="left""#, Array("200".utf8)),
      ])
    return post("//v2beta/v2beta/stable-image/edit/outpaint/", "curl/7.88.1", body, boundary: boundary)
  }

  private var json: [UInt8] {
    let body = """
      {"text_prompts": [{"text": "A lighthouse on a cliff", "weight": 1}, {"text": "blurry", "weight": -0.5}], "cfg_scale": 7,
       "height": 512, "width": 512, "samples": 1, "steps": 30, "seed": 4294967295, "sampler": "K_DPMPP_2M"}
      """
    return post(
      "/v1/generation/stable-diffusion-v1-5/text-to-image", "python-requests/2.34.2", Array(body.utf8))
  }

  private var openai: [UInt8] {
    post(
      "/v1/v1/images/generations", "OpenAI/Python 3.57.0",
      Array(#"{"model":"sd","prompt":"x","size":"512x512"}"#.utf8))
  }

  private var webui: [UInt8] {
    let body = """
      {"init_images": ["data:image/png;base64,\(base64)"], "mask": null, "denoising_strength": 0.75, "prompt": "x", "styles": [],
       "seed": -1, "s_noise": 1, "eta": 1.0, "override_settings": {}, "send_images": true, "alwayson_scripts": {}}
      """
    return post("/sdapi/v1/img2img", "python-requests/2.34.2", Array(body.utf8))
  }

  private var chunked: [UInt8] {
    Array(
      """
      POST /v1/generation/stable%2Ddiffusion-v1-6/text-to-image?a=b HTTP/1.1\r
      Host: [::1]:8000\r
      Transfer-Encoding: chunked\r
      Authorization: key\r
      Content-Type: application/json; charset=utf-8\r
      \r
      {"text_prompts": [{"text": "x"}]}
      """.utf8)
  }

  private var list: [UInt8] {
    Array(
      """
      GET /v1alpha/engines/list HTTP/1.1\r
      Host: localhost\r
      Origin: http://localhost:3000\r
      Accept: text/html, application/json;q=0.9, */*;q=0.8\r
      \r

      """.utf8)
  }

  private func form(_ boundary: String, _ parts: [(head: String, content: [UInt8])]) -> [UInt8] {
    var body: [UInt8] = []
    for part in parts {
      body +=
        Array("--\(boundary)\r\nContent-Disposition: form-data; \(part.head)\r\n\r\n".utf8) + part.content
      body += Array("\r\n".utf8)
    }
    return body + Array("--\(boundary)--\r\n".utf8)
  }

  private func post(_ path: String, _ client: String, _ body: [UInt8], boundary: String? = nil) -> [UInt8] {
    let type = boundary.map { "multipart/form-data; boundary=\($0)" } ?? "application/json"
    let head = """
      POST \(path) HTTP/1.1\r
      Host: localhost:19301\r
      Accept-Encoding: gzip, deflate\r
      Accept: */*\r
      Connection: keep-alive\r
      User-Agent: \(client)\r
      Authorization: Bearer sk-test\r
      Content-Length: \(body.count)\r
      Content-Type: \(type)\r
      \r

      """
    return Array(head.utf8) + body
  }
}
